using System.ComponentModel.DataAnnotations;

namespace DemoVlp.Gateway;

/// <summary>Settings of the section <c>Gateway</c>. <c>ApiKeyHashes</c> and <c>CorsOrigins</c> are read beside them: lists, or one comma-separated value.</summary>
public sealed class GatewayOptions
{
    /// <summary>The longest upload of a video or a model in bytes; 4 GiB if not set.</summary>
    [Range(1, long.MaxValue / 2)]
    public long MaxUploadBytes { get; set; } = 4L << 30;

    /// <summary>Searches and questions per second and client, in the long run.</summary>
    [Range(1, 100_000)]
    public int QueriesPerSecond { get; set; } = 20;

    /// <summary>Searches and questions that a client may ask at once after a pause.</summary>
    [Range(1, 100_000)]
    public int QueryBurst { get; set; } = 60;

    /// <summary>Uploads of one client, of videos and models, at the same time.</summary>
    [Range(1, 1000)]
    public int ConcurrentUploads { get; set; } = 4;

    /// <summary>How long a search, a question or any other short request may take.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "01:00:00")]
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>A list in the configuration: children (<c>X__0</c>, JSON arrays) or one comma-separated value.</summary>
    internal static string[] ReadList(IConfiguration configuration, string key)
    {
        var section = configuration.GetSection(key);
        var values = section.GetChildren().Select(child => child.Value).Append(section.Value);
        return [.. values.SelectMany(value => (value ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];
    }
}
