"""What members take away as files: statements of an account, and due-diligence packs.

Read: gathered (what moved, why, and that the sums agree), tabular (CSV and Parquet), semt (XML after ISO 20022),
printed (PDF), lettering (its fonts); packs (what a pack's bundle holds).
"""
