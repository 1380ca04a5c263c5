using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace DemoVlp.ServiceDefaults;

/// <summary>Errors as <c>application/problem+json</c> with a stable <c>code</c>.</summary>
public static class ApiProblem
{
    /// <summary>An error response.</summary>
    /// <param name="status">HTTP status.</param>
    /// <param name="code">Stable, kebab-case: clients compare it.</param>
    /// <param name="detail">One plain sentence for a person.</param>
    public static ProblemHttpResult Create(int status, string code, string detail) =>
        TypedResults.Problem(detail, statusCode: status, extensions: [new("code", code)]);

    /// <summary>Gives problems made by the framework a code too, and all of them the trace's id.</summary>
    internal static void Complete(ProblemDetailsContext context)
    {
        var extensions = context.ProblemDetails.Extensions;
        context.ProblemDetails.Detail ??= DetailOf(context.ProblemDetails.Status ?? context.HttpContext.Response.StatusCode);
        extensions.TryAdd("code", CodeOf(context.ProblemDetails.Status ?? context.HttpContext.Response.StatusCode));
        extensions["traceId"] = Activity.Current?.TraceId.ToString() ?? context.HttpContext.TraceIdentifier;
    }

    private static string? DetailOf(int status) => status switch
    {
        404 => "There is nothing at this address.",
        405 => "This address does not take that method; the header Allow names those it takes.",
        415 => "The body is not of a media type that is read here.",
        _ => null,
    };

    private static string CodeOf(int status) => status switch
    {
        400 => "bad-request",
        401 => "unauthorized",
        403 => "forbidden",
        404 => "not-found",
        405 => "method-not-allowed",
        409 => "conflict",
        413 => "too-large",
        415 => "unsupported-media-type",
        429 => "too-many-requests",
        499 => "cancelled",
        502 => "bad-gateway",
        503 => "unavailable",
        504 => "timeout",
        _ => "internal",
    };
}

/// <summary>Thrown where a request cannot be answered as asked, deep enough that returning a result would clutter the way.</summary>
/// <param name="status">HTTP status.</param>
/// <param name="code">Stable code.</param>
/// <param name="detail">One plain sentence.</param>
public sealed class ApiException(int status, string code, string detail) : Exception(detail)
{
    /// <summary>HTTP status.</summary>
    public int Status => status;

    /// <summary>Stable code.</summary>
    public string Code => code;
}
