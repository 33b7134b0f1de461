"""Clauses and bodies rewritten so that they cost less: functions of the tree, and of what is known of its variables.

`expand` and `unroll` give clauses for clauses, before these are translated. `known`, `joins` and `indices` give for a body
what it becomes: they need what is bound around it. Each says what it does by an example.
"""
