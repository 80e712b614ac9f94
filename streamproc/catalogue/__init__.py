"""What was found: channels, epochs, segments, boundaries and their versions, clips."""
