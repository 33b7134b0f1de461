"""Certificates, keys and signatures, on the library `cryptography`; imported only when a policy uses them."""
