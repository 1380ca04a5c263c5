namespace DemoVlp.Catalog.Videos;

/// <summary>Where things are, as clients see it through the gateway.</summary>
internal static class VideoLinks
{
    public const string Root = "/api/v1/videos";

    public static string Video(Guid id) => $"{Root}/{id}";

    public static string Frame(Guid id, int index) => $"{Root}/{id}/frames/{index}";
}
