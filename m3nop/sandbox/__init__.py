"""Layer sandbox: strict doubles of M3 and of the shop on loopback, with books that outlive a kill.

It knows nothing about the engine: it speaks HTTP only, and keeps its own state.
"""
