"""Rules in OPA's form, the only one after names: one call, one lookup a statement, in safe order.

What OPA refuses, the types that it infers, and the order in which it evaluates depend on its own form of a rule, step
by step: plain > templates > prints > calls > safety > lookups. What is translated is that form, with every variable
bound first (aliases) and without variables that only hand a value on (copies).
"""
