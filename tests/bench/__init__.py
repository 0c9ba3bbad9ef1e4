"""Speed, as ratios to what this machine can do in the same run; `./run bench`. Not part of the tests."""

# How many times a measure is taken: the middle one counts.
RUNS = 3
# Of what takes some seconds, in which the machine's speed may vary by a tenth: a median of few would tell of that.
SHORT_TURNS = 7
# Guests of a campaign, and publications due at one moment.
GUESTS, POSTS = 1000, 600
CROWD = 100_000
