using System.Text.Json.Nodes;
using DemoVlp.Gateway.Access;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace DemoVlp.Gateway;

/// <summary>
/// The one description of the API, generated where all endpoints are in one process. What both hosts serve is the committed copy in <c>openapi/v1.json</c>;
/// a test compares the two.
/// </summary>
public static class ApiDescription
{
    /// <summary>Name of the document.</summary>
    public const string Document = "v1";

    private const string ProblemType = "application/problem+json", Scheme = "ApiKey", Problem = "Problem";

    /// <summary>Registers the generator.</summary>
    public static WebApplicationBuilder AddApiDescription(this WebApplicationBuilder builder)
    {
        builder.Services.AddOpenApi(Document, options =>
        {
            options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
            options.ShouldInclude = description => description.RelativePath?.StartsWith("api/v1/", StringComparison.Ordinal) ?? false;
            options.AddDocumentTransformer((document, _, _) =>
            {
                Describe(document);
                return Task.CompletedTask;
            });
            options.AddOperationTransformer((operation, context, _) =>
            {
                AddProblems(operation, context.Document!);
                switch (context.Description.RelativePath!.Split('/'))
                {
                    case [.., "events"]: DescribeEvents(operation); break;
                    case [.., "content"]: DescribeFile(operation, "video/*"); break;
                    case [.., "frames", _]: DescribeFile(operation, "image/jpeg"); break;
                }
                return Task.CompletedTask;
            });
        });
        return builder;
    }

    /// <summary>Generates the document, as JSON, from the endpoints of an application that is composed but need not be started.</summary>
    public static async Task<string> GenerateAsync(WebApplication app, CancellationToken cancellationToken)
    {
        // Endpoints become visible to the generator when they are added to the pipeline, which otherwise happens at the start.
        app.UseRouting();
        app.UseEndpoints(_ => { });
        var document = await app.Services.GetRequiredKeyedService<IOpenApiDocumentProvider>(Document).GetOpenApiDocumentAsync(cancellationToken);
        return await document.SerializeAsJsonAsync(OpenApiSpecVersion.OpenApi3_1, cancellationToken) + "\n";
    }

    private static void Describe(OpenApiDocument document)
    {
        document.Info = new OpenApiInfo
        {
            Title = "DemoVLP",
            Version = "v1",
            Description = "Search videos by text and ask questions about them. Errors are problem details with a stable `code`; lists are pages with an opaque `nextCursor`; "
                + "times are UTC; boxes are `[x1, y1, x2, y2]` in pixels of the sampled frame.",
        };
        document.Servers = [new OpenApiServer { Url = "/" }];
        document.AddComponent<IOpenApiSecurityScheme>(Scheme, new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.ApiKey,
            In = ParameterLocation.Header,
            Name = AccessControl.KeyHeader,
            Description = "Needed wherever a key is configured; a system without one answers its own machine only.",
        });
        document.AddComponent<IOpenApiSchema>(Problem, new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Required = new HashSet<string> { "status", "code" },
            Properties = new Dictionary<string, IOpenApiSchema>
            {
                ["type"] = Text("A link about the status."),
                ["title"] = Text("The status in words."),
                ["status"] = new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int32", Description = "The HTTP status." },
                ["detail"] = Text("One plain sentence for a person."),
                ["code"] = Text("Stable, kebab-case: compare this."),
                ["traceId"] = Text("Find the request in traces and logs with this."),
            },
        });
        // The framework's own, without the code; every use of it has been replaced.
        document.Components!.Schemas?.Remove("ProblemDetails");
        document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Scheme, document)] = [] }];
    }

    private static void AddProblems(OpenApiOperation operation, OpenApiDocument document)
    {
        operation.Responses ??= [];
        foreach (var (status, meaning) in new[] { ("401", "No API key, or one that is not known."), ("429", "Too many requests; `Retry-After` says when to try again.") })
            operation.Responses.TryAdd(status, new OpenApiResponse { Description = meaning });
        operation.Responses.TryAdd("default", new OpenApiResponse { Description = "Any other error." });
        foreach (var (status, response) in operation.Responses)
            if (response is OpenApiResponse error && (status == "default" || status[0] is '4' or '5'))
                error.Content = new Dictionary<string, OpenApiMediaType> { [ProblemType] = new() { Schema = new OpenApiSchemaReference(Problem, document) } };
    }

    /// <summary>Files are made by hand in the services, so the generator sees no body.</summary>
    private static void DescribeFile(OpenApiOperation operation, string mediaType)
    {
        foreach (var status in new[] { "200", "206" })
            if (operation.Responses?.GetValueOrDefault(status) is OpenApiResponse file)
                file.Content = new Dictionary<string, OpenApiMediaType> { [mediaType] = new() { Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" } } };
    }

    private static void DescribeEvents(OpenApiOperation operation)
    {
        if (operation.Responses?["200"] is not OpenApiResponse stream) return;
        stream.Content = new Dictionary<string, OpenApiMediaType>
        {
            ["text/event-stream"] = new()
            {
                Schema = new OpenApiSchema { Type = JsonSchemaType.String, Description = "Server-sent events; the data of each is the resource as JSON." },
                Example = JsonValue.Create("event: changed\ndata: {\"id\":\"...\",\"status\":\"indexed\"}\n\n"),
            },
        };
    }

    private static OpenApiSchema Text(string description) => new() { Type = JsonSchemaType.String, Description = description };
}
