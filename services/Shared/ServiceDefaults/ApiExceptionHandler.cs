using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace DemoVlp.ServiceDefaults;

/// <summary>Turns exceptions into problem details; what is not known becomes 500 without its inner life.</summary>
internal sealed class ApiExceptionHandler(IProblemDetailsService problems) : IExceptionHandler
{
    public ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        var problem = exception switch
        {
            ApiException api => With(api.Status, api.Code, api.Message),
            BadHttpRequestException { StatusCode: 413 } => With(413, "too-large", "The request is larger than allowed."),
            BadHttpRequestException bad => With(bad.StatusCode, "bad-request", Describe(bad)),
            OperationCanceledException when httpContext.RequestAborted.IsCancellationRequested => With(499, "cancelled", "The client went away."),
            _ => With(500, "internal", "Something went wrong here; the log has the details under this trace id."),
        };
        httpContext.Response.StatusCode = problem.Status!.Value;
        return problems.TryWriteAsync(new ProblemDetailsContext { HttpContext = httpContext, ProblemDetails = problem, Exception = exception });
    }

    // The framework's sentence about a body names types; the JSON error inside says what the sender can mend.
    private static string Describe(BadHttpRequestException bad) => bad.InnerException is System.Text.Json.JsonException json
        ? $"The body is not the JSON expected here{(json.Path is { Length: > 1 } path ? $" (at {path})" : "")}."
        : bad.Message;

    private static ProblemDetails With(int status, string code, string detail) =>
        new() { Status = status, Detail = detail, Extensions = { ["code"] = code } };
}
