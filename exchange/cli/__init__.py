"""The command line's commands, a module each; `exchange.__main__` asks each to register itself.

Read: members (create one), proofs (verify, backup, restore), imports (patents), story, bench.
"""
