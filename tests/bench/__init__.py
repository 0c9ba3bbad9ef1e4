"""Speed, as ratios to what this machine can do in the same run; `./run bench`. Not part of the tests."""

# How many times a measure is taken: the middle one counts.
RUNS = 3
# Guests of a campaign, and publications due at one moment.
GUESTS, POSTS = 1000, 600
CROWD = 100_000
