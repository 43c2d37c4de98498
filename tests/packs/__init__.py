"""Due-diligence packs: documents under five heads, frozen facts, one hash, one bundle."""
