"""Where the router's CPU time goes under the loads of `bench.overhead`."""
