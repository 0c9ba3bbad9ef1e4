"""Speed, as ratios to what this machine can do in the same run; `./run bench`. Not part of the tests."""
