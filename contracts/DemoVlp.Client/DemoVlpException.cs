using System.Net;

namespace DemoVlp.Client;

/// <summary>The system answered, and the answer is an error. (No answer at all is an <see cref="HttpRequestException"/>.)</summary>
/// <param name="status">HTTP status.</param>
/// <param name="code">Stable code of the error, for example <c>video-not-indexed</c>; <c>http-{status}</c> if the answer was no problem document.</param>
/// <param name="detail">One plain sentence.</param>
/// <param name="traceId">Finds the request in the system's traces and logs; null if unknown.</param>
public sealed class DemoVlpException(HttpStatusCode status, string code, string detail, string? traceId) : Exception(detail)
{
    /// <summary>HTTP status.</summary>
    public HttpStatusCode Status => status;

    /// <summary>Stable code of the error.</summary>
    public string Code => code;

    /// <summary>One plain sentence.</summary>
    public string Detail => Message;

    /// <summary>Finds the request in the system's traces and logs; null if unknown.</summary>
    public string? TraceId => traceId;

    /// <summary>How long to wait before trying again, where the system says so (429, 502, 503).</summary>
    public TimeSpan? RetryAfter { get; init; }
}
