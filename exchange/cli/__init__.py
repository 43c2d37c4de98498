"""The command line's commands, a module each; `exchange.__main__` asks each to register itself.

Read: members (create one), imports (patents), conveyances (recorded papers, over title_report), proofs (verify, backup,
restore), surveillance (surveil), reports (over report_reads, report_tables and report_pages), replay, story, bench;
faults says the world's failures in one line.
"""
