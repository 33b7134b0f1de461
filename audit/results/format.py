"""What a file of results is: JSON Lines with the names that the log has, in one order.

`audit_started` with the format and its version, then `violation_audited`, `audit_gap` and `constraint_audited` as many
as there are, and `audit_finished` with the counts, without which the file is not whole. Whoever reads passes over keys
and event types that it does not know; what they mean changes only with the version.
"""

from __future__ import annotations

from typing import Final

from audit.model import Outcome

FORMAT: Final = "kube-patrol-results"
VERSION: Final = 1
WHOLE: Final = frozenset({Outcome.COMPLETE, Outcome.GAPS, Outcome.UNWRITTEN})
"""The outcomes of runs that have looked at everything they could; what others found is a part, and replaces nothing."""
BEGINNING: Final = b'{"event_type":"audit_started","format":"%s"' % FORMAT.encode()
"""The first bytes of each file, once it is not compressed any more."""
GZIPPED: Final = b"\x1f\x8b"
"""The first bytes of a file that is."""
