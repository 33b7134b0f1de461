"""Files of whole runs: how they are written beside and renamed, read again, and compared."""
