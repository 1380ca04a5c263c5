// MSRVTT (spec section 8.4), with the splits of Frozen in Time and of the published code (showlab/DemoVLP, data_loader/MSRVTT_dataset.py).

using System.Runtime.InteropServices;
using DemoVlp.Modeling.Serialization;

namespace DemoVlp.Modeling.DataSets;

/// <summary>
/// Captions in <c>annotation/MSR_VTT.json</c>, lists of videos in <c>high-quality/structured-symlinks</c>. The file's 200,000 captions are not sorted by video, so those of the split are
/// collected before the first item; nothing else of the file stays in memory.
/// </summary>
internal static class Msrvtt
{
    private static readonly Dictionary<string, (string Train, string Test)> Lists = new(StringComparer.Ordinal)
    {
        ["jsfusion"] = ("train_list_jsfusion.txt", "val_list_jsfusion.txt"),
        ["miech"] = ("train_list_miech.txt", "test_list_miech.txt"),
        ["full-val"] = ("train_list_full.txt", "val_list_full.txt"),
        ["full-test"] = ("train_list_full.txt", "test_list_full.txt"),
        ["val"] = ("train_list.txt", "val_list.txt"),
        ["public_server_val"] = ("train_list.txt", "public_server_val.txt"),
        ["public_server_test"] = ("train_list.txt", "public_server_test.txt"),
    };

    internal static IReadOnlyList<string> Cuts { get; } = [.. Lists.Keys];

    internal static DataSetSource<CaptionItem> Captions(DataSetRequest request)
    {
        if (!Lists.TryGetValue(request.Options.Cut, out var lists))
            throw new ModelFormatException("dataset-cut", $"MSRVTT has no split of its videos named '{request.Options.Cut}'. Known are: {string.Join(", ", Cuts)}.");
        var isTraining = request.Split == DataSetSplit.Train;
        var annotations = request.Path(Path.Combine("annotation", "MSR_VTT.json"));
        var list = request.Path(InLists(isTraining ? lists.Train : lists.Test));
        var indices = isTraining || request.Options.Cut != "jsfusion" ? null : request.Path(InLists("jsfusion_val_caption_idx.pkl"));
        return new(() => Rows(request, annotations, list, indices));
    }

    private static string InLists(string file) => Path.Combine("high-quality", "structured-symlinks", file);

    private static IEnumerable<Row<CaptionItem>> Rows(DataSetRequest request, string annotations, string list, string? indices)
    {
        // Sorted by name, as the published code's grouping does it.
        var videos = new SortedDictionary<string, (RowPlace Place, List<string> Captions)>(StringComparer.Ordinal);
        foreach (var (number, name) in BoundedLines.Read(list))
        {
            var place = new RowPlace(Path.GetFileName(list), number);
            if (name is null) yield return new UnusableRow(place, "", UnusableReasons.TooLong, "The line is too long for a video's name.");
            else videos.TryAdd(name, (place, []));
        }
        foreach (var (number, annotation) in JsonElements.Read(annotations, "annotations"))
        {
            var place = new RowPlace(Path.GetFileName(annotations), number);
            if (JsonFields.Text(annotation, "image_id") is not { } video) yield return new UnusableRow(place, "", UnusableReasons.VideoMissing, "It has no 'image_id'.");
            // An empty caption keeps its place, because the list of test captions counts it.
            else if (videos.TryGetValue(video, out var known)) known.Captions.Add(JsonFields.Text(annotation, "caption") ?? "");
        }
        var chosen = indices is null ? null : Indices(indices);
        foreach (var (video, (place, captions)) in videos) yield return Item(request, place, video, captions, chosen);
    }

    private static Row<CaptionItem> Item(DataSetRequest request, RowPlace place, string video, List<string> captions, PickleDictionary? chosen)
    {
        if (chosen is not null)
        {
            if (Number(chosen[video]) is not { } index || index < 0 || index >= captions.Count)
                return new UnusableRow(place, video, UnusableReasons.CaptionIndex, $"The list of test captions does not name one of its {captions.Count} captions.");
            captions = [captions[(int)index]];
        }
        string[] usable = [.. captions.Where(caption => !string.IsNullOrWhiteSpace(caption))];
        return usable.Length == 0
            ? new UnusableRow(place, video, UnusableReasons.CaptionMissing, "MSR_VTT.json has no caption of it.")
            : new CaptionItem(video, usable, request.Split, place) { RegionPath = video };
    }

    /// <summary>A pickled dictionary from video to the number of its test caption.</summary>
    private static PickleDictionary Indices(string path)
    {
        using var stream = File.OpenRead(path);
        try
        {
            return new PickleReader(stream).Read() as PickleDictionary ?? throw DataSetRequest.Malformed(path, "it is no dictionary.");
        }
        catch (ModelFormatException e) when (e.Code == "checkpoint-malformed")
        {
            throw DataSetRequest.Malformed(path, "it is no pickle of plain values (protocols 2 to 4).", e);
        }
    }

    private static long? Number(object? value) => value switch
    {
        long number => number,
        PickleArray { DType: "i8", Data.Length: 8 } scalar => MemoryMarshal.Read<long>(scalar.Data),
        _ => null,
    };
}
