"""The slow way to evaluate an expression, which counts what Kubernetes would charge for it, step by step.

The generated code only keeps an upper bound of the cost. When that is not enough to say that a policy stays within its
budget, the policy is evaluated once more here: in cel-go's order, with cel-go's costs, errors included.
"""
