"""The declarations of the commands: options, arguments and help."""
