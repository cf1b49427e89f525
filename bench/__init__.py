"""Side-by-side benchmarks: each row divides what Obmen does by what a bare handler does on the same machine in the same run.

``python -m bench [R1 R3 …]`` runs them, prints one table and writes it to ``bench/results/``; with ``BENCH_SHORT=1`` each
row takes seconds. Figures never fail a run, wrong answers and missing records do.
"""
