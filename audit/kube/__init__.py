"""Talks to the API server: credentials, requests, pages, status patches and the lease of the leader."""
