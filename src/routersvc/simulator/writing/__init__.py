"""What simulated answers say: text, JSON instances, rendering."""
