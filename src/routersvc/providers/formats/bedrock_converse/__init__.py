"""The Converse wire format of AWS Bedrock: one request for the models of many vendors."""
