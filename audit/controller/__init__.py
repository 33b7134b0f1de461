"""What Gatekeeper's controller would write: CRDs of constraints, and `status.byPod`; it writes nothing else."""
