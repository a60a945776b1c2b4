"""Amazon Bedrock's Converse API, as the simulator serves it."""
