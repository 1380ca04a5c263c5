using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;

namespace DemoVlp.ServiceDefaults;

/// <summary>Turns exceptions into problem details; what is not known becomes 500 without its inner life.</summary>
internal sealed class ApiExceptionHandler(IProblemDetailsService problems, ILogger<ApiExceptionHandler> log) : IExceptionHandler
{
    public ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        var problem = exception switch
        {
            ApiException api => With(api.Status, api.Code, api.Message),
            BadHttpRequestException { StatusCode: 413 } => With(413, "too-large", "The request is larger than allowed."),
            BadHttpRequestException { StatusCode: 415 } => With(415, "unsupported-media-type", "The body must be JSON, with the content type application/json."),
            BadHttpRequestException bad => With(bad.StatusCode, "bad-request", Describe(bad)),
            InvalidOperationException when HasUnknownCharset(httpContext.Request) => With(415, "unsupported-media-type", "The body's character set is not known here; use UTF-8."),
            _ when StorageFull.Caused(exception) => With(507, "storage-full", "There is no room left on the disk of this system."),
            OperationCanceledException when httpContext.RequestAborted.IsCancellationRequested => With(499, "cancelled", "The client went away."),
            _ => With(500, "internal", "Something went wrong here; the log has the details under this trace id."),
        };
        // The framework keeps silent about what a handler has answered.
        if (problem.Status is 500 or 507)
            log.LogError(exception, "{Method} {Path} failed (trace {TraceId}).", httpContext.Request.Method, httpContext.Request.Path, System.Diagnostics.Activity.Current?.TraceId.ToString() ?? httpContext.TraceIdentifier);
        httpContext.Response.StatusCode = problem.Status!.Value;
        return problems.TryWriteAsync(new ProblemDetailsContext { HttpContext = httpContext, ProblemDetails = problem, Exception = exception });
    }

    private static bool HasUnknownCharset(HttpRequest request)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type) || !type.Charset.HasValue) return false;
        return type.Encoding is null;
    }

    // The framework's sentence about a body names types; the JSON error inside says what the sender can mend.
    private static string Describe(BadHttpRequestException bad) => bad.InnerException is System.Text.Json.JsonException json
        ? $"The body is not the JSON expected here{(json.Path is { Length: > 1 } path ? $" (at {path})" : "")}."
        : bad.Message.StartsWith("Failed to bind parameter", StringComparison.Ordinal) ? "A parameter in the address is not of the kind expected there, such as a number."
        : bad.Message;

    private static ProblemDetails With(int status, string code, string detail) =>
        new() { Status = status, Detail = detail, Extensions = { ["code"] = code } };
}
