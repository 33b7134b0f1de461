"""Flat rules to functions of Python, as trees of Python's own syntax, never as text."""
