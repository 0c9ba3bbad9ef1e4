"""What the screens of every app share: how things look, how prices are typed, how an action asks before it acts."""
