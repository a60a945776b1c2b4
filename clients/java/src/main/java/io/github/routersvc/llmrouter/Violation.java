package io.github.routersvc.llmrouter;

/**
 * One field of the request that is missing or wrong.
 *
 * @param field its path, such as {@code prompt.messages[0].parts}
 * @param description what is wrong
 */
public record Violation(String field, String description) {}
