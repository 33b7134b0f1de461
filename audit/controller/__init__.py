"""What Gatekeeper's controller would write: CRDs of constraints, and `status.byPod`; nothing else in the cluster is written from here."""
