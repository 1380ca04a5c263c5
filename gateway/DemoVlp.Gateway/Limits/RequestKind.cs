namespace DemoVlp.Gateway.Limits;

/// <summary>What a request asks of the system, which decides its limits.</summary>
internal enum RequestKind
{
    /// <summary>Not the API: pages, health, metrics.</summary>
    Page,

    /// <summary>A short call with a small body.</summary>
    Plain,

    /// <summary>A search or question: costs a model's time.</summary>
    Query,

    /// <summary>A large body.</summary>
    Upload,

    /// <summary>A large or ranged response.</summary>
    Download,

    /// <summary>A response that goes on for as long as there is something to tell.</summary>
    Events,
}

internal static class RequestKinds
{
    /// <summary>Tells by method and path; both hosts know no more of an endpoint than that.</summary>
    public static RequestKind Of(HttpRequest request)
    {
        if (!request.Path.StartsWithSegments("/api/v1", StringComparison.OrdinalIgnoreCase, out var rest)) return RequestKind.Page;
        var segments = (rest.Value ?? "").ToLowerInvariant().Split('/', StringSplitOptions.RemoveEmptyEntries);
        return (HttpMethods.IsPost(request.Method), segments) switch
        {
            (true, ["videos"]) or (true, ["models"]) => RequestKind.Upload,
            (true, ["search"]) or (true, ["answers"]) or (true, ["videos", _, "answers" or "choices"]) => RequestKind.Query,
            (false, [.., "events"]) => RequestKind.Events,
            (false, [.., "content" or "tensorboard" or "unusable"]) or (false, ["models", _, "files", _]) => RequestKind.Download,
            _ => RequestKind.Plain,
        };
    }
}
