"""The tables, a file each for journal, members, rules, custody and matching; every module must be imported by `all`."""
