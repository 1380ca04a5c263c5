using System.Text.Json;
using DemoVlp.Contracts.Http;
using DemoVlp.ServiceDefaults;
using DemoVlp.Training.Announcements;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using Microsoft.OpenApi;

namespace DemoVlp.Training.Registry.Import;

/// <summary><c>POST /api/v1/models</c>.</summary>
internal static class ImportApi
{
    // What a form may have besides its files.
    private const long FormOverhead = 1 << 20;
    private const int LongestJson = 1 << 16;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public static void MapImport(this IEndpointRouteBuilder models) =>
        models.MapPost("/", ImportAsync).WithName("ImportModel").WithSummary("Imports a model: uploaded files, files in the system's import folder, or the weights that a training run has kept which failed or was cancelled.")
            .WithDescription("A multipart form with the files of a model directory as parts \"model\", or a \"checkpoint\" of the published code with its \"vocabulary\" (and \"answers\"), or parts \"distilbert\" and \"vit\" to begin a training with; "
                + "or JSON that names such files in the import folder, or a run. Everything is checked before the model is there. The same content without a name is answered 200 with the model that is there.")
            .Produces<Model>(201).Produces<Model>().ProducesProblem(400).ProducesProblem(409).ProducesProblem(413)
            .AddOpenApiOperationTransformer(async (operation, context, cancellationToken) =>
                operation.RequestBody = Body(await context.GetOrCreateSchemaAsync(typeof(ModelImportRequest), null, cancellationToken)));

    private static async Task<Results<Created<Model>, Ok<Model>>> ImportAsync(
        HttpContext http, ModelImport import, NamedFiles folder, KeptWeights kept, ModelDescriptions descriptions, Announcer announcer, IOptions<TrainingOptions> options, CancellationToken cancellationToken)
    {
        var workspace = Directory.CreateTempSubdirectory("demovlp-import-");
        try
        {
            var files = await ReadAsync(http, folder, kept, workspace.FullName, options.Value.MaxImportBytes, cancellationToken);
            var (model, created) = await import.ImportAsync(files, workspace.FullName, cancellationToken);
            if (created) await announcer.AnnounceAsync(cancellationToken);
            var described = await descriptions.DescribeAsync(model, cancellationToken);
            return created ? TypedResults.Created($"/api/v1/models/{model.Version}", described) : TypedResults.Ok(described);
        }
        finally
        {
            workspace.Delete(recursive: true);
        }
    }

    private static async Task<ImportFiles> ReadAsync(HttpContext http, NamedFiles folder, KeptWeights kept, string workspace, long mostBytes, CancellationToken cancellationToken)
    {
        if (!MediaTypeHeaderValue.TryParse(http.Request.ContentType, out var type)) throw NoFiles();
        var multipart = type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase);
        var longest = multipart ? checked(Math.Min(mostBytes, long.MaxValue - FormOverhead) + FormOverhead) : LongestJson;
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } body) body.MaxRequestBodySize = longest;
        // Refused before a byte of it is read.
        if (http.Request.ContentLength > longest) throw ImportForm.TooLarge(mostBytes);
        if (!multipart)
        {
            if (!http.Request.HasJsonContentType()) throw NoFiles();
            try
            {
                var request = await JsonSerializer.DeserializeAsync<ModelImportRequest>(http.Request.Body, Json, cancellationToken) ?? new ModelImportRequest();
                return folder.Find(request) with { Kept = request.Run is { } run ? await kept.FindAsync(run, cancellationToken) : null };
            }
            catch (JsonException e)
            {
                throw new ApiException(400, "bad-request", $"The body is not the JSON expected here{(e.Path is { Length: > 1 } path ? $" (at {path})" : "")}.");
            }
        }
        if (HeaderUtilities.RemoveQuotes(type.Boundary).Value is not { Length: > 0 and <= 100 } boundary) throw NoFiles();
        return await new ImportForm(workspace, mostBytes).ReadAsync(new MultipartReader(boundary, http.Request.Body, bufferSize: 1 << 16), cancellationToken);
    }

    private static ApiException NoFiles() => new(400, "no-files", "Send a multipart form with the files, or JSON that names files in the import folder or a training run.");

    // The body is read by hand, so its description is written by hand too.
    private static OpenApiRequestBody Body(IOpenApiSchema json)
    {
        static OpenApiSchema File() => new() { Type = JsonSchemaType.String, Format = "binary" };
        static OpenApiSchema Files() => new() { Type = JsonSchemaType.Array, Items = File() };
        static OpenApiSchema Text() => new() { Type = JsonSchemaType.String };
        static OpenApiSchema Number() => new() { Type = JsonSchemaType.Integer, Format = "int32" };
        return new OpenApiRequestBody
        {
            Required = true,
            Content = new Dictionary<string, OpenApiMediaType>
            {
                ["multipart/form-data"] = new()
                {
                    Schema = new OpenApiSchema
                    {
                        Type = JsonSchemaType.Object,
                        Properties = new Dictionary<string, IOpenApiSchema>
                        {
                            ["model"] = Files(), ["checkpoint"] = File(), ["distilbert"] = Files(), ["vit"] = File(), ["vocabulary"] = File(), ["answers"] = File(),
                            ["name"] = Text(), ["description"] = Text(), ["frames"] = Number(), ["regions"] = Number(), ["featureDim"] = Number(), ["headWidth"] = Number(),
                        },
                    },
                },
                ["application/json"] = new() { Schema = json },
            },
        };
    }
}
