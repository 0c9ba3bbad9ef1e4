"""From one draft to the best post each network allows; pure functions, without a database or a vendor."""
