"""Questions whose answers are no problems of one journey, only counts for the judge.

Each is true exactly as long as its report stands, on what is known: when it ends, the report is
taken back. So settling a matter (the money is back, a late parcel is there at last) ends nothing.
"""
