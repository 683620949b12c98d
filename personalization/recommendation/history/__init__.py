"""What the history of reading says of which page comes next: formulas, and bounded stores with the same numbers.

The formulas are the truth; the database's counters and the stores here both follow them. A store holds in memory what
its site's log holds, so that evaluating replays months in minutes.
"""
