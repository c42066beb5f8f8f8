"""What tools/bench, tools/bench-report and tools/bench-compare share."""
