"""Measurements: `make bench`. Never part of the tests, as machines differ."""
