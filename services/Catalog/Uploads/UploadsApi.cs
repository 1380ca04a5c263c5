using DemoVlp.Catalog.Videos;
using DemoVlp.Contracts.Http;
using DemoVlp.ServiceDefaults;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using Microsoft.OpenApi;

namespace DemoVlp.Catalog.Uploads;

/// <summary>The upload.</summary>
internal static class UploadsApi
{
    // What a form may have besides its file: title, captions, headers of the parts.
    private const long FormOverhead = 1 << 20;

    public static void MapUploads(this IEndpointRouteBuilder videos) =>
        videos.MapPost("", UploadAsync).WithName("UploadVideo").WithSummary("Uploads a video.")
            .WithDescription("A multipart form with a part \"file\", an optional \"title\" and any number of \"caption\". The same bytes again are answered 200 with the video that is there.")
            .Produces<Video>(202).ProducesProblem(400).ProducesProblem(413).ProducesProblem(429)
            .AddOpenApiOperationTransformer((operation, _, _) =>
            {
                operation.RequestBody = Form();
                return Task.CompletedTask;
            });

    private static async Task<Results<Accepted<Video>, Ok<Video>>> UploadAsync(
        HttpContext http, VideoUploads uploads, IOptions<CatalogOptions> options, CancellationToken cancellationToken)
    {
        var longest = checked(Math.Min(options.Value.MaxUploadBytes, long.MaxValue - FormOverhead) + FormOverhead);
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } body) body.MaxRequestBodySize = longest;
        // Refused before a byte of it is read.
        if (http.Request.ContentLength > longest)
            throw new ApiException(413, "too-large", $"A file may have {options.Value.MaxUploadBytes} bytes at most.");
        if (!MediaTypeHeaderValue.TryParse(http.Request.ContentType, out var type) || !type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase)
            || HeaderUtilities.RemoveQuotes(type.Boundary).Value is not { Length: > 0 and <= 100 } boundary)
            throw UploadForm.NoFile();

        var (video, created) = await uploads.AcceptAsync(new MultipartReader(boundary, http.Request.Body, bufferSize: 1 << 16), cancellationToken);
        CatalogMetrics.RecordUpload(created, video.Bytes);
        return created ? TypedResults.Accepted(VideoLinks.Video(video.Id), video.ToVideo()) : TypedResults.Ok(video.ToVideo());
    }

    // The body is read by hand, so its description is written by hand too.
    private static OpenApiRequestBody Form()
    {
        static OpenApiSchema Text(int longest) => new() { Type = JsonSchemaType.String, MaxLength = longest };
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
                        Required = new HashSet<string> { "file" },
                        Properties = new Dictionary<string, IOpenApiSchema>
                        {
                            ["file"] = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" },
                            ["title"] = Text(Wording.MaxTitle),
                            ["caption"] = new OpenApiSchema { Type = JsonSchemaType.Array, MaxItems = Wording.MaxCaptions, Items = Text(Wording.MaxCaption) },
                        },
                    },
                },
            },
        };
    }
}
