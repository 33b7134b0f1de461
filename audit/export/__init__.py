"""Takes messages about violations out of the cluster: what waits, how it is published, and one file for each driver."""
