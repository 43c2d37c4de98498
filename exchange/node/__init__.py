"""The shell round the engine: takes commands, stamps, applies, commits, answers, publishes; and proves it afterwards.

Read: ports (what the node needs of the world), sequencer (the main loop; submissions: whose a command is, which lane it
takes, whether it came before), codec (rows, hashes and the chain), local (the in-process bus and feed), keeper (one way
up: load, run, stop, start again), verify (the proofs).
"""
