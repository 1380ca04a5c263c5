namespace DemoVlp.Contracts.Http;

/// <summary>One page of a list.</summary>
/// <typeparam name="T">What is listed.</typeparam>
/// <param name="Items">The page.</param>
/// <param name="NextCursor">Opaque; give it back as <c>cursor</c> for the next page. Null: this was the last.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? NextCursor);
