"""Recorded traffic in files → responses judged, the plainly valid ones fast."""
