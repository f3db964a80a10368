import { type DivisionCode, divisionCodeOf } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import { loadCatalogue } from '../../../collector/src/catalogue/catalogue.ts'
import { parseRegions } from '../../../collector/src/catalogue/regions.ts'

const CATALOGUE = loadCatalogue()
const { provinces, hubs, clusters } = CATALOGUE.regions

function code(text: string): DivisionCode {
  const division = divisionCodeOf(text)
  if (division === null) throw new Error(`${text} is no division code`)
  return division
}

describe('the shipped regions', () => {
  test('34 divisions, 8 hubs, 10 clusters', () => {
    expect([provinces.length, hubs.length, clusters.length]).toEqual([34, 8, 10])
    expect(new Set(provinces.map((one) => one.code)).size).toBe(34)
  })

  test('every tile of the 8 x 7 map holds at most one province', () => {
    const tiles = provinces.map(({ tile }) => `${tile.row},${tile.column}`)
    expect(new Set(tiles).size).toBe(34)
    for (const { tile } of provinces) {
      expect(tile.row).toBeLessThan(8)
      expect(tile.column).toBeLessThan(7)
    }
  })

  test('every hub has a province and a cluster', () => {
    for (const hub of hubs) {
      expect(provinces.some((one) => one.hub === hub)).toBe(true)
      expect(clusters.some((one) => one.hub === hub)).toBe(true)
    }
  })
})

describe('a site lies where its own code says', () => {
  test.each<[string, string, string | null, string | null, string | null]>([
    ['130730', '河北', '京津冀', '张家口数据中心集群', 'start_area'],
    ['130731', '河北', '京津冀', '张家口数据中心集群', 'city'],
    ['130700', '河北', '京津冀', '张家口数据中心集群', 'city'],
    ['130100', '河北', '京津冀', null, null],
    ['110105', '北京', '京津冀', null, null],
    ['310118', '上海', '长三角', '长三角生态绿色一体化发展示范区数据中心集群', 'start_area'],
    ['330421', '浙江', '长三角', '长三角生态绿色一体化发展示范区数据中心集群', 'start_area'],
    // Pudong is in Shanghai, which is one of that cluster's three cities, but not in the zone.
    ['310115', '上海', '长三角', null, null],
    ['520403', '贵州', '贵州', '贵安数据中心集群', 'start_area'],
    ['520402', '贵州', '贵州', null, null],
    ['150902', '内蒙古', '内蒙古', '和林格尔数据中心集群', 'start_area'],
    ['500108', '重庆', '成渝', '重庆数据中心集群', 'start_area'],
    ['500103', '重庆', '成渝', '重庆数据中心集群', 'city'],
    ['640502', '宁夏', '宁夏', '中卫数据中心集群', 'start_area'],
    ['230100', '黑龙江', null, null, null],
    ['130000', '河北', '京津冀', null, null],
    ['810000', '香港', null, null, null],
  ])('%s is in %s', (text, province, hub, cluster, part) => {
    const place = CATALOGUE.place(code(text))
    expect([
      place?.province.shortZh,
      place?.hub?.shortZh ?? null,
      place?.cluster?.nameZh ?? null,
      place?.clusterPart,
    ]).toEqual([province, hub, cluster, part])
  })

  test.each(['160000', '250101', '838888'])('%s is in no division there is', (text) => {
    expect(CATALOGUE.place(code(text))).toBeNull()
  })
})

describe('a file that contradicts itself is refused', () => {
  const PROVINCES = 'code,code2,name_zh,abbr_zh,short_zh,name_en,row,col,hub_zh\n'
  const HUBS =
    'hub_zh,hub_en,cluster_zh,cluster_en,province_code2,province_zh,city_code,city_zh,' +
    'start_area_zh,start_area_codes,lon,lat,note,source\n'

  test.each([
    [`${PROVINCES}110100,11,北京市,京,北京,Beijing,2,5,\n`, 'must name a province'],
    [`${PROVINCES}110000,12,北京市,京,北京,Beijing,2,5,\n`, 'agree with code2'],
    [`${PROVINCES}990000,99,北京市,京,北京,Beijing,2,5,\n`, 'GB/T 2260'],
    [`${PROVINCES}110000,11,北京市,京,北京,Beijing,2,x,\n`, 'col'],
    [`${PROVINCES}110000,11,北京市,京,北京,Beijing,2,5,京津冀\n`, 'not in hubs.csv'],
  ])('%j', (text, sentence) => {
    expect(() => parseRegions(text, HUBS)).toThrow(sentence)
  })
})
