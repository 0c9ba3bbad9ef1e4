"""Guests who come in by a file: read whole, looked at, then taken in packs that a power cut neither loses nor doubles.

reading (with sheets) makes lines of a file; mapping says what each column means; lines makes values of cells; planning
decides what becomes of each line, in memory, for the preview and for the run alike; writing puts it in the database;
declared keeps the agreements that the file claims; applying drives the run.
"""
