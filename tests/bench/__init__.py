"""The tools that measure the speed: what they make and how they judge."""
