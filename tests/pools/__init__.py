"""Pools of receivables: rules, true sale, rights that fall."""
