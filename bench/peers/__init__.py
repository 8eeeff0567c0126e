"""What Partyfinder is measured against; each answers the queries of `workloads.py` alike."""
