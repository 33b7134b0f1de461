"""Rules as OPA's compiler has them when it checks them: one call, one lookup a statement, in safe order.

Our own code is made from statements as they were written. What OPA refuses, and the types that it infers, depend on its
own form of a rule, step by step, so the checks work on that: plain > templates > calls > heads > safety > lookups.
"""
