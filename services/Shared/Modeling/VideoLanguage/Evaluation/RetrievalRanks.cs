namespace DemoVlp.Modeling.VideoLanguage.Evaluation;

/// <summary>Ranks from 0 of the right partners in a similarity matrix [C, V] (captions, video by video, and videos).</summary>
internal static class RetrievalRanks
{
    /// <summary>One rank per caption that exists.</summary>
    internal static double[] TextToVideo(double[,] similarities, bool[]? present, TieRule ties)
    {
        var (captions, videos, per) = Sizes(similarities, present);
        return [.. Enumerable.Range(0, captions).Where(c => present is null || present[c])
            .Select(c => Rank(similarities[c, c / per], Enumerable.Range(0, videos).Select(v => similarities[c, v]), ties))];
    }

    /// <summary>One rank per video: that of its best caption, infinity if it has none.</summary>
    internal static double[] VideoToText(double[,] similarities, bool[]? present, TieRule ties)
    {
        var (captions, videos, per) = Sizes(similarities, present);
        var existing = Enumerable.Range(0, captions).Where(c => present is null || present[c]).ToArray();
        return [.. Enumerable.Range(0, videos).Select(v => existing.Where(c => c / per == v)
            .Select(own => Rank(similarities[own, v], existing.Select(c => similarities[c, v]), ties)).DefaultIfEmpty(double.PositiveInfinity).Min())];
    }

    private static double Rank(double own, IEnumerable<double> all, TieRule ties)
    {
        var (better, equal) = (0, -1); // It equals itself.
        foreach (var similarity in all)
        {
            if (similarity > own) better++;
            else if (similarity == own) equal++;
        }
        return better + ties switch { TieRule.Optimistic => 0, TieRule.Mean => equal / 2.0, _ => equal };
    }

    private static (int Captions, int Videos, int Per) Sizes(double[,] similarities, bool[]? present)
    {
        var (captions, videos) = (similarities.GetLength(0), similarities.GetLength(1));
        if (videos == 0 || captions == 0 || captions % videos != 0) throw new ArgumentException($"{captions} captions cannot be shared out evenly among {videos} videos.", nameof(similarities));
        if (present is not null && present.Length != captions) throw new ArgumentException($"{captions} captions, but {present.Length} words on whether they exist.", nameof(present));
        // Every comparison with NaN is false: such a partner would look like the best of all.
        foreach (var similarity in similarities)
            if (double.IsNaN(similarity)) throw new ModelFormatException("feature-missing", "A similarity is not a number: a video or a caption has no usable features.");
        return (captions, videos, captions / videos);
    }
}
