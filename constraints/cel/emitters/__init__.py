"""How each kind of node becomes Python: one file for nodes that belong together."""
