"""Clauses and bodies rewritten so that they cost less: functions of the tree, and of what is known of its variables.

`expand` and `unroll` give clauses for clauses, and `early` a body for a body, before these are translated. `known`,
`joins` and `indices` say what becomes of a body: they need what is bound around it. Each has an example.
"""
