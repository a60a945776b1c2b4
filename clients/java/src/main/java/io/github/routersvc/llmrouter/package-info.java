/**
 * A client of the router of LLM requests.
 *
 * <p>{@link io.github.routersvc.llmrouter.RouterClient} connects; {@code complete} returns a whole
 * answer, {@code stream} its events as they arrive. A failed call throws a {@link
 * io.github.routersvc.llmrouter.CallException}. The messages of the contract are in the package
 * {@code io.github.routersvc.llmrouter.v1}.
 */
package io.github.routersvc.llmrouter;
