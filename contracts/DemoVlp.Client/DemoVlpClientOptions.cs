namespace DemoVlp.Client;

/// <summary>Where a DemoVLP is and how to be let in.</summary>
public sealed record DemoVlpClientOptions
{
    /// <summary>Address of the gateway.</summary>
    public Uri BaseAddress { get; init; } = new("http://127.0.0.1:8080");

    /// <summary>The API key, sent as <c>X-Api-Key</c>; null where none is needed.</summary>
    public string? ApiKey { get; init; }
}
